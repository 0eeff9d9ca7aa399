"""What phonetics measures of a voice, as Praat does it: for the study of whether it adds to the words. The daemon does not call it."""
