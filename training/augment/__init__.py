"""What a microphone, a recogniser and a webcam do to clean data; each function draws from the generator it is given."""
