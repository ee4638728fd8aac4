{#- What stands for a site or tower that no feed describes: its id, and its attributes in a dimension. -#}
{% macro unknown() -%}
    'unknown'
{%- endmacro %}
