{#-
    Where silver is depends on the home folder, and one parsed manifest serves every home. So a source's external_location
    contains $SENTINEL_SILVER, which is replaced here when SQL is rendered.
-#}

{#- Path of the silver folder: of the home that Dagster names, else of the home whose warehouse is open. -#}
{% macro silver_folder() -%}
    {%- if var('home', none) -%}
        {%- do return(var('home') ~ '/data/silver') -%}
    {%- endif -%}
    {%- set query = 'select path from duckdb_databases() where database_name = current_database()' -%}
    {%- set file = run_query(query).columns[0].values() | first -%}
    {%- if file -%}
        {%- do return(file.rsplit('/', 2)[0] ~ '/silver') -%}
    {%- endif -%}
    {#- The target mem has no file; its home is found as profiles.yml finds that of dev. -#}
    {%- do return((env_var('SENTINEL_HOME', '') or '..') ~ '/data/silver') -%}
{%- endmacro %}

{% macro in_silver(relation) -%}
    {%- if not execute -%}
        {%- do return(relation) -%}
    {%- endif -%}
    {%- set location = relation.external | replace('$SENTINEL_SILVER', silver_folder() | replace("'", "''")) -%}
    {%- do return(relation.incorporate(external=location)) -%}
{%- endmacro %}

{% macro source(source_name, table_name) -%}
    {%- set relation = builtins.source(source_name, table_name) -%}
    {#- In a unit test, given rows replace the source, and nothing is read from silver. -#}
    {%- do return(in_silver(relation) if relation.external else relation) -%}
{%- endmacro %}

{% macro collect_freshness(source, loaded_at_field, filter) -%}
    {%- do return(adapter.dispatch('collect_freshness', 'dbt')(in_silver(source), loaded_at_field, filter)) -%}
{%- endmacro %}
