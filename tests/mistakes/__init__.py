"""Tables of what users get wrong: name -> (call, exception, what the message says)."""
