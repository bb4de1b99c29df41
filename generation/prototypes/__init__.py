"""Pure torch: encoders, convolutional prototype learning and the bank of prototypes."""
