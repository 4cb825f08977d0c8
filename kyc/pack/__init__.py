"""The onboarding pack: read, judge, import, report. docs/packs.md is its operator's page."""
