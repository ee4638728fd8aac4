{#-
    Where silver lies is known when a run starts, not when the project is parsed: a manifest must serve any data folder.
    So a source's external_location holds the word $SENTINEL_SILVER, and it is filled in here, when SQL is rendered.
-#}

{% macro in_silver(relation) -%}
    {%- set folder = env_var('SENTINEL_SILVER', '') if execute else '' -%}
    {%- if execute and not folder -%}
        {%- do exceptions.raise_compiler_error('Set SENTINEL_SILVER to the absolute path of the silver folder.') -%}
    {%- endif -%}
    {%- set location = relation.external | replace('$SENTINEL_SILVER', folder | replace("'", "''")) -%}
    {%- do return(relation.incorporate(external=location)) -%}
{%- endmacro %}

{% macro source(source_name, table_name) -%}
    {%- set relation = builtins.source(source_name, table_name) -%}
    {#- A unit test's rows stand in for the source: nothing is read from silver. -#}
    {%- do return(in_silver(relation) if relation.external else relation) -%}
{%- endmacro %}

{% macro collect_freshness(source, loaded_at_field, filter) -%}
    {%- do return(adapter.dispatch('collect_freshness', 'dbt')(in_silver(source), loaded_at_field, filter)) -%}
{%- endmacro %}
