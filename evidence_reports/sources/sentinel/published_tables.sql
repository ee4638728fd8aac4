select table_name, rows as row_count, content_sha256
from ops.tables
order by table_name
