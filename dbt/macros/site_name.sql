{#- The name of a site for people: of one that no feed describes, its id. -#}
{% macro site_name(name, id) -%}
    coalesce({{ name }}, case when {{ id }} = {{ unknown() }} then 'Unknown site' else {{ id }} end)
{%- endmacro %}
