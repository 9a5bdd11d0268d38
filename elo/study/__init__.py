"""Running a study: how many votes it takes, and limits that allow for watching it."""
