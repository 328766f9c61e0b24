"""Figures: what is counted, by what, and over which time. docs/kpi.md says what each of them means."""
