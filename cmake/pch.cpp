// A target only for its precompiled header.
