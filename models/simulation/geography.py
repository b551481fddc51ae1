"""Where the simulated people live. Real places, so that distances and time zones are plausible."""

from typing import Final, NamedTuple

import numpy as np


class City(NamedTuple):
    """A city.

    Attributes:
        name: for readers of this file only.
        country: ISO 3166-1 alpha-2.
        currency: ISO 4217.
        latitude_deg: degrees north.
        longitude_deg: degrees east.
        utc_offset_h: standard time; the simulation has no daylight saving.
        weight: relative number of people.
    """

    name: str
    country: str
    currency: str
    latitude_deg: float
    longitude_deg: float
    utc_offset_h: int
    weight: float


# Coordinates to a hundredth of a degree, weights by rough population; both chosen by us.
CITIES: Final = (
    City("Berlin", "DE", "EUR", 52.52, 13.40, 1, 3.6),
    City("Hamburg", "DE", "EUR", 53.55, 9.99, 1, 1.9),
    City("Munich", "DE", "EUR", 48.14, 11.58, 1, 1.5),
    City("Leipzig", "DE", "EUR", 51.34, 12.37, 1, 0.6),
    City("Vienna", "AT", "EUR", 48.21, 16.37, 1, 1.9),
    City("Paris", "FR", "EUR", 48.86, 2.35, 1, 3.0),
    City("Lyon", "FR", "EUR", 45.76, 4.84, 1, 0.8),
    City("Lille", "FR", "EUR", 50.63, 3.06, 1, 0.5),
    City("Madrid", "ES", "EUR", 40.42, -3.70, 1, 2.6),
    City("Valencia", "ES", "EUR", 39.47, -0.38, 1, 0.8),
    City("Milan", "IT", "EUR", 45.46, 9.19, 1, 1.4),
    City("Naples", "IT", "EUR", 40.85, 14.27, 1, 0.9),
    City("Amsterdam", "NL", "EUR", 52.37, 4.90, 1, 0.9),
    City("Lisbon", "PT", "EUR", 38.72, -9.14, 0, 0.6),
    City("Helsinki", "FI", "EUR", 60.17, 24.94, 2, 0.7),
    City("London", "GB", "GBP", 51.51, -0.13, 0, 4.0),
    City("Leeds", "GB", "GBP", 53.80, -1.55, 0, 0.8),
    City("Glasgow", "GB", "GBP", 55.86, -4.25, 0, 0.7),
    City("Zurich", "CH", "CHF", 47.37, 8.54, 1, 0.6),
    City("Stockholm", "SE", "SEK", 59.33, 18.07, 1, 1.0),
    City("Malmo", "SE", "SEK", 55.60, 13.00, 1, 0.3),
    City("Warsaw", "PL", "PLN", 52.23, 21.01, 1, 1.8),
    City("Krakow", "PL", "PLN", 50.06, 19.94, 1, 0.8),
    City("Istanbul", "TR", "TRY", 41.01, 28.98, 3, 0.3),
    City("Dubai", "AE", "AED", 25.20, 55.27, 4, 0.1),
    City("New York", "US", "USD", 40.71, -74.01, -5, 0.2),
    City("Tokyo", "JP", "JPY", 35.68, 139.69, 9, 0.1),
)

# Units of a currency for one euro, round figures chosen by us; only the order of magnitude matters.
UNITS_PER_EURO: Final = {
    "EUR": 1.0,
    "GBP": 0.85,
    "CHF": 0.95,
    "SEK": 11.3,
    "PLN": 4.3,
    "TRY": 38.0,
    "AED": 4.0,
    "USD": 1.08,
    "JPY": 160.0,
}

CURRENCIES: Final = tuple(UNITS_PER_EURO)
COUNTRIES: Final = tuple(dict.fromkeys(city.country for city in CITIES))

CITY_COUNTRY: Final = np.array([COUNTRIES.index(city.country) for city in CITIES], dtype=np.int8)
CITY_CURRENCY: Final = np.array([CURRENCIES.index(city.currency) for city in CITIES], dtype=np.int8)
CITY_LATITUDE_DEG: Final = np.array([city.latitude_deg for city in CITIES])
CITY_LONGITUDE_DEG: Final = np.array([city.longitude_deg for city in CITIES])
CITY_UTC_OFFSET_H: Final = np.array([city.utc_offset_h for city in CITIES], dtype=np.int64)
CITY_WEIGHT: Final = np.array([city.weight for city in CITIES])
CURRENCY_UNITS: Final = np.array(list(UNITS_PER_EURO.values()))
