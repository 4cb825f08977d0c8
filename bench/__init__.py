"""What the portal costs beside others: each program runs the peer and ours in one sitting."""
