"""Decisions: what to do next, with the reasons. Pure: facts and checked parameters in, a result out."""
