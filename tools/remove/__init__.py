"""`make remove`: deletes a stack and everything that was created around it."""
