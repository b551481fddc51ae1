"""What the detectors' evidence means: the reasons, their codes and their wording."""
