"""The columns that travel beside the rows of a feed, from bronze to quarantine; no feed may have columns of these names."""

DAY, ORDER, ROW, RECEIVED = "_day", "_order", "_row", "_received_at"  # the day, the batch, the row in it, its receipt
UNREAD, RAW, RULES, PATH = "_unread", "_raw", "_rules", "_path"
PROVENANCE = [DAY, ORDER, ROW, RECEIVED]
