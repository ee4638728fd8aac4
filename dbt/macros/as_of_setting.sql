{#- The fixed as_of, to the full hour, naive UTC: the var, else SENTINEL_AS_OF, else empty. -#}
{% macro as_of_setting() -%}
    {%- set text = var('as_of') or env_var('SENTINEL_AS_OF', '') -%}
    {%- if not text -%}
        {%- do return('') -%}
    {%- endif -%}
    {%- set moment = modules.datetime.datetime.fromisoformat(text | string) -%}
    {%- if moment.tzinfo -%}
        {%- set moment = moment.astimezone(modules.pytz.utc) -%}
    {%- endif -%}
    {%- do return(moment.strftime('%Y-%m-%d %H:00:00')) -%}
{%- endmacro %}
