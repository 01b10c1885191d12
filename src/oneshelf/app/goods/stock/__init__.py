"""Stock: what lies where and how old it is, what can be promised, and everything that moves it."""
