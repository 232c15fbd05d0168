"""The subscribe function: subscription filters and silence alarms for many clusters."""
