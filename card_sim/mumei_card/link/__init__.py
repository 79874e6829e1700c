"""How the card is reached: in process, or as a PC/SC reader."""
