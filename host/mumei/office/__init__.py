"""The ward office: registry and enrolment."""
