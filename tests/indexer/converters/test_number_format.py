"""A cell's value as Excel shows it."""

# ruff: noqa: DTZ001 - a cell's date has no time zone

from datetime import datetime, time, timedelta

import pytest

from indexer.converters.office.number_format import shown


@pytest.mark.parametrize(
    ("number_format", "value", "text"),
    [
        ("General", 0.075, "0.075"),
        ("General", 0.1 + 0.2, "0.3"),
        ("General", 30.0, "30"),
        ("0.0%", 0.075, "7.5%"),
        ("0%", 0.075, "8%"),
        ("0.00 %", 0.075, "7.50 %"),
        ('"$"#,##0.00', 1234.5, "$1,234.50"),
        ("[$$-409]#,##0.00", 1234.5, "$1,234.50"),
        ('#,##0.00\\ "€"', 1234567.891, "1,234,567.89 €"),
        ("_-* #,##0.00\\ [$€-407]_-;\\-* #,##0.00\\ [$€-407]_-", -1234.5, "-1,234.50 €"),
        ('_("$"* #,##0.00_);_("$"* \\(#,##0.00\\);_("$"* "-"??_);_(@_)', 0, "$-"),
        ('_("$"* #,##0.00_);_("$"* \\(#,##0.00\\);_("$"* "-"??_);_(@_)', -12.5, "$(12.50)"),
        ("$#,##0_);[Red]($#,##0)", -3000, "($3,000)"),
        ("CHF #,##0.00", 5.25, "CHF 5.25"),
        ("£#,##0", 1234567, "£1,234,567"),
        ('0" days"', 5, "5 days"),
        ('General" kg"', 12.5, "12.5 kg"),
        ('0.0,,"M"', 4567890, "4.6M"),
        ('#,##0,"k"', 45000, "45k"),
        ("00000", 123, "00123"),
        ("000-0000", 5551234, "555-1234"),
        ("(000) 000-0000", 2065551234, "(206) 555-1234"),
        ("0.###", 2, "2"),
        ("#,##0.00", -0.001, "0.00"),
        ("[<1]0.00;0", 0.5, "0.50"),
        ("[<1]0.00;0", 7, "7"),
        ("# ?/?", 1.25, "1.25"),
        ("0.00E+00", 123456, "123456"),
        ("@", 5, "5"),
        (";;;", 91234, ""),
        ("0", float("inf"), "inf"),
        ("General", True, "TRUE"),
        ("0.00", "as it is", "as it is"),
        ("0.00", None, ""),
    ],
)
def test_number(number_format: str, value: object, text: str) -> None:
    """Percent, currencies, units and codes stand as they are seen, hidden ones not at all."""
    assert shown(value, number_format) == text


@pytest.mark.parametrize(
    ("number_format", "value", "text"),
    [
        ("[h]:mm", timedelta(hours=37, minutes=30), "37:30"),
        ("[h]:mm:ss", timedelta(seconds=5), "0:00:05"),
        ("[mm]:ss", timedelta(minutes=90), "90:00"),
        ("[ss]", timedelta(minutes=2), "120"),
        ("[h]", timedelta(hours=50), "50"),
        ("[h]:mm", timedelta(hours=-2), "-2:00"),
        ("yyyy-mm-dd", datetime(2026, 3, 1), "2026-03-01"),
        ("d/m/yyyy", datetime(2026, 3, 1), "2026-03-01"),
        ("d/m/yyyy h:mm", datetime(2026, 3, 1, 13, 5), "2026-03-01 13:05"),
        ("mmm\\-yy", datetime(2026, 3, 1), "March 2026"),
        ("[$-F800]dddd\\, mmmm\\ dd\\, yyyy", datetime(2026, 3, 1), "2026-03-01"),
        ("h:mm AM/PM", time(13, 5), "13:05"),
        ("h:mm", datetime(1899, 12, 30, 8, 30), "08:30"),
        ("mm:ss", time(0, 14, 24), "00:14:24"),
    ],
)
def test_time(number_format: str, value: object, text: str) -> None:
    """Durations beyond a day are counted on, dates are the same wherever the file is read."""
    assert shown(value, number_format) == text
