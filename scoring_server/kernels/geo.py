"""Distances on the Earth."""

import math

from numba import njit

# Mean radius of the WGS 84 ellipsoid (IUGG), km.
EARTH_RADIUS_KM = 6371.0088


@njit(nogil=True, cache=True)
def distance_km(latitude_1_deg, longitude_1_deg, latitude_2_deg, longitude_2_deg):
    """Return the great-circle distance of two places in km; error below 0.6 %.

    Source: R. W. Sinnott, "Virtues of the haversine", Sky and Telescope 68(2), 1984.
    """
    phi_1 = math.radians(latitude_1_deg)
    phi_2 = math.radians(latitude_2_deg)
    half_phi = 0.5 * (phi_2 - phi_1)
    half_lambda = 0.5 * math.radians(longitude_2_deg - longitude_1_deg)
    a = math.sin(half_phi) ** 2 + math.cos(phi_1) * math.cos(phi_2) * math.sin(half_lambda) ** 2
    return 2.0 * EARTH_RADIUS_KM * math.asin(min(1.0, math.sqrt(a)))
