//! A comparison with a row of each word, for the tests of the formats.
