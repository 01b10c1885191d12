"""Everything that touches the outside: sources bring events in, channels take messages out, one registry opens both."""
