{#-
    What the report's site filter compares: a hash, as ids may hold quotes. In a query that groups by sets, 'all' stands for the
    set without sites.
-#}
{% macro site_key(site='site_id', is_grouped=false) -%}
    {%- if is_grouped -%}
        case when grouping({{ site }}) = 1 then 'all' else md5({{ site }}) end
    {%- else -%}
        md5({{ site }})
    {%- endif -%}
{%- endmacro %}
