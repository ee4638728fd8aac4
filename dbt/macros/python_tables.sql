{#-
    Creates the tables of Python marts that do not exist yet, without rows, so that dbt alone can build the models that read
    them: before every invocation. They count as not built until Dagster has filled them.
-#}
{% macro create_python_tables() -%}
    {%- if execute and flags.WHICH != 'freshness' -%}
        {%- for source in graph.sources.values() if source.source_name == 'python' -%}
            {%- set table = api.Relation.create(source.database, source.schema, source.identifier, type='table') -%}
            {%- if load_relation(table) is none -%}
                {%- set columns = [] -%}
                {%- for column in source.columns.values() -%}
                    {%- do columns.append(adapter.quote(column.name) ~ ' ' ~ column.data_type) -%}
                {%- endfor -%}
                {%- do run_query('create schema if not exists ' ~ table.without_identifier()) -%}
                {%- do run_query('create table ' ~ table ~ ' (' ~ columns | join(', ') ~ ')') -%}
                {%- do adapter.cache_added(table) -%}
            {%- endif -%}
        {%- endfor -%}
    {%- endif -%}
{%- endmacro %}
