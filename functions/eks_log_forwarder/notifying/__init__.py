"""The notify function: tells people about detections of level high and critical."""
