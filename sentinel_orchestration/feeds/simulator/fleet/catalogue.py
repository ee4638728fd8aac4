"""Names of invented places, missions, parts and causes. Numbers that an analysis would measure are in truth."""

from typing import Final, NamedTuple


class Place(NamedTuple):
    """Where a site is."""

    name: str
    region: str
    env: str
    lat: float
    lng: float
    timezone: str  # IANA
    border_bearing_deg: float | None = None  # direction of the border, for a border site


PLACES: Final = (
    Place("Nogales Border Station", "Southwest", "desert", 31.34, -110.94, "America/Phoenix", 180.0),
    Place("Laredo Border Crossing", "Gulf", "plains", 27.51, -99.51, "America/Chicago", 225.0),
    Place("Pembina Border Post", "Northern Plains", "plains", 48.97, -97.24, "America/Chicago", 0.0),
    Place("Churchill Flats", "Arctic", "tundra", 58.77, -94.17, "America/Winnipeg"),
    Place("Kotzebue Sound", "Arctic", "tundra", 66.90, -162.60, "America/Anchorage"),
    Place("Cape Flattery", "Pacific Northwest", "coastal", 48.38, -124.71, "America/Los_Angeles"),
    Place("Hatteras Inlet", "Atlantic", "coastal", 35.21, -75.70, "America/New_York"),
    Place("Mojave Range", "Southwest", "desert", 35.05, -116.60, "America/Los_Angeles"),
    Place("Aroostook Woods", "Northeast", "forest", 46.68, -68.40, "America/New_York"),
    Place("Black Hills Ridge", "Northern Plains", "forest", 43.95, -103.60, "America/Denver"),
)

MISSION_FIRST: Final = (
    *("Amber", "Boreal", "Copper", "Drift", "Ember", "Flint", "Granite", "Harbor"),
    *("Iron", "Juniper", "Kestrel", "Lantern", "Mesa", "Northern", "Osprey", "Prairie"),
)
MISSION_SECOND: Final = (
    *("Anchor", "Beacon", "Corridor", "Divide", "Fence", "Gate", "Horizon", "Lookout"),
    *("Outpost", "Passage", "Ridge", "Sentry", "Shield", "Trail", "Vigil", "Watch"),
)

# (part number, description), eight per component type.
PARTS: Final[dict[str, tuple[tuple[str, str], ...]]] = {
    "radar": (
        ("RDR-1010", "Radar transceiver, X band"),
        ("RDR-1020", "Radar transceiver, Ku band"),
        ("RDR-1130", "Phased-array panel, 90°"),
        ("RDR-1140", "Phased-array panel, 120°"),
        ("RDR-1210", "Radar signal processor"),
        ("RDR-1220", "Radar signal processor, extended range"),
        ("RDR-1310", "Radar rotary drive"),
        ("RDR-1410", "Radar low-noise front end"),
    ),
    "eo_ir": (
        ("EOI-2010", "Thermal camera core, cooled"),
        ("EOI-2020", "Thermal camera core, uncooled"),
        ("EOI-2110", "Day camera, 30× zoom"),
        ("EOI-2120", "Day camera, 50× zoom"),
        ("EOI-2210", "Pan-tilt head"),
        ("EOI-2220", "Pan-tilt head, heated"),
        ("EOI-2310", "Laser rangefinder"),
        ("EOI-2410", "Germanium window assembly"),
    ),
    "comm": (
        ("COM-3010", "Microwave backhaul radio"),
        ("COM-3020", "Microwave backhaul radio, long haul"),
        ("COM-3110", "Satellite terminal"),
        ("COM-3120", "Satellite terminal, polar orbit"),
        ("COM-3210", "LTE modem"),
        ("COM-3310", "Mesh radio node"),
        ("COM-3410", "Sector antenna"),
        ("COM-3510", "Network switch, hardened"),
    ),
    "power": (
        ("PWR-4010", "Battery bank, lithium iron phosphate"),
        ("PWR-4020", "Battery bank, cold rated"),
        ("PWR-4110", "Solar charge controller"),
        ("PWR-4120", "Solar charge controller, 96 V"),
        ("PWR-4210", "Inverter, 2 kW"),
        ("PWR-4310", "Fuel-cell stack"),
        ("PWR-4410", "DC distribution unit"),
        ("PWR-4510", "Wind turbine regulator"),
    ),
    "compute": (
        ("CPU-5010", "Edge computer"),
        ("CPU-5020", "Edge computer, fanless"),
        ("CPU-5110", "Inference accelerator"),
        ("CPU-5120", "Inference accelerator, low power"),
        ("CPU-5210", "Solid-state storage module"),
        ("CPU-5310", "Timing and positioning receiver"),
        ("CPU-5410", "Sensor interface board"),
        ("CPU-5510", "Watchdog and power sequencer"),
    ),
}
PARTS_PER_TYPE: Final = 8

# Four causes per incident category.
CAUSES: Final[dict[str, tuple[str, str, str, str]]] = {
    "sensor": ("Lens fouled by dust", "Radar calibration drift", "Cooler worn out", "Connector corroded"),
    "comm": (
        "Antenna misaligned by wind",
        "Backhaul provider outage",
        "Cable chewed by wildlife",
        "Modem lock-up",
    ),
    "power": ("Battery below capacity", "Solar panel covered", "Charge controller fault", "Breaker tripped"),
    "compute": ("Disk full", "Memory exhausted", "Overheating", "Time synchronisation lost"),
    "mechanical": ("Pan-tilt bearing worn", "Mast guy wire loose", "Icing of the drive", "Door seal broken"),
    "other": ("Vandalism", "Lightning strike", "Access road washed out", "Configuration error"),
}
FIRMWARE_CAUSE: Final = "Firmware watchdog reset"
