"""Is a reference what it says it is? Comparison of a claimed reference with the records that sources hold; pure."""
