"""What is done at a ward office's counter, as plans of steps that survive crashes."""
