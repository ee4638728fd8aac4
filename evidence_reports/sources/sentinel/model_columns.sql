select table_name, ordinal, column_name, data_type, description
from ops.model_columns
order by table_name, ordinal
