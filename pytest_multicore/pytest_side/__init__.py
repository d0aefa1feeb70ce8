"""All that knows pytest: markers are read, tests run in isolated interpreters, outcomes become pytest's."""
