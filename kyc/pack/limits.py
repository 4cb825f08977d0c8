"""How much a pack may hold. Each limit is far above honest use and keeps hostile input bounded."""

# Rows of one table. A workbook is read whole, a CSV file row by row.
CSV_ROWS_MAX = {"customers": 200_000, "ubos": 1_000_000, "documents": 2_000_000}
WORKBOOK_ROWS_MAX = 50_000
COLUMNS_MAX = 200
# One row of a CSV file, in bytes: 45 columns of 2,000 characters fit ten times over.
RECORD_BYTES_MAX = 1_000_000
# One table, unpacked.
TABLE_BYTES_MAX = 1_000_000_000
# A customer's own rows in ubos and documents together.
ROWS_PER_CUSTOMER_MAX = 1_000

ZIP_ENTRIES_MAX = 500_000
# What a zip of documents may say it unpacks to; no more than a table or one document is unpacked at a time.
ZIP_BYTES_MAX = 50_000_000_000
# Pictures and PDFs don't shrink and tables shrink tenfold: past this ratio it is a bomb.
ZIP_RATIO_MAX = 100
ZIP_RATIO_FROM_BYTES = 50_000_000

WORKBOOK_ENTRIES_MAX = 1_000
WORKBOOK_BYTES_MAX = 400_000_000
