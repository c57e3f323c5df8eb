"""Cues to what a number of a sentence is, one small function for each, in a module for each kind of number.

A cue looks at the words around one number and names its role, or None where it has nothing to say. `roles.ORDER` lists all of
them: the first that speaks decides.
"""
