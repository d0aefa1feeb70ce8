"""All that knows pytest: markers read, tests run in isolated interpreters, outcomes told as pytest tells them."""
