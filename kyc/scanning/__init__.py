"""The virus scanner, where one is named (`CLAMAV_ADDRESS`): what it has not passed goes nowhere.

clamd        how it is spoken to
asking       what its answer, or its silence, means for a file
quarantine   what becomes of a file in which it found something
rescanning   files that wait for it, asked about again by the schedule
"""
