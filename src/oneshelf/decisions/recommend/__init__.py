"""Recommendation: what a person is likely to put into their next basket, and what new to them is worth showing.

Read in this order: `baskets` (who bought what on which day), `questions` (whom we ask about, as of when, and the truth), `habits`
(what a person buys again and again), `neighbours` (TIFU-KNN and UP-CF), `lists` (the best of many scores), `features` and `ranker` (the learnt
ranker), `discovery` (a list of its own for what is new), `scores` and `evaluate` (how good all of these are), `live` (one person, now).
"""
