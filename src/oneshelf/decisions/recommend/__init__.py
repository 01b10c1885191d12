"""Recommendation: what a person is likely to put into their next basket, and what new to them is worth showing.

Read in this order: `baskets` (who bought what on which day), `questions` (whom we ask about, as of when, and the truth), `habits`
(popularity and personal frequency), `neighbours` (TIFU-KNN and UP-CF), `lists` (the best of many scores), `features` and `ranker` (the learnt
ranker, for the next basket and for what is new), `scores` and `evaluate` (how good all of these are), `report` (the same as a file).
"""
