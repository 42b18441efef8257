"""One file for each command of `docent`. They import what they need when they run, so that `ask` starts fast."""
