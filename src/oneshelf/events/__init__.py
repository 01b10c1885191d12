"""Events: immutable records that something happened. One frozen type a kind; codecs at the border."""
