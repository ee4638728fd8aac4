{#-
    Event facts are built by day. An incremental run names the days whose rows changed in the var `changed_days`; they stand
    in the SQL as literals, so that DuckDB opens the files of those days only. Without the var every day is rebuilt.
-#}

{#- True when only some days are to be rebuilt. -#}
{% macro is_by_day() -%}
    {%- do return(is_incremental() and var('changed_days', none) is not none) -%}
{%- endmacro %}

{#- `<column> in (<days>)`; `neighbours` adds that many days on either side of each. -#}
{% macro in_changed_days(column, neighbours=0) -%}
    {%- set days = [] -%}
    {%- for day in var('changed_days') -%}
        {%- set noon = modules.datetime.datetime.strptime(day | string, '%Y-%m-%d') -%}
        {%- for offset in range(-neighbours, neighbours + 1) -%}
            {%- do days.append((noon + modules.datetime.timedelta(days=offset)).strftime("date '%Y-%m-%d'")) -%}
        {%- endfor -%}
    {%- endfor -%}
    {%- if days -%}
        {{ column }} in ({{ days | unique | sort | join(', ') }})
    {%- else -%}
        false
    {%- endif -%}
{%- endmacro %}

{#-
    Incremental strategy `changed_days`: the rebuilt days go, whether they have rows again or not, and so do rows that come
    anew by `unique_key`; then the new rows come in. dbt runs it in one transaction.
    The model's meta names its `day_column`, and `neighbour_days` where a day's rows depend on the days beside it.
-#}
{% macro get_incremental_changed_days_sql(arg_dict) -%}
    {%- set target = arg_dict['target_relation'] -%}
    {%- set rows = arg_dict['temp_relation'] -%}
    {%- set columns = get_quoted_csv(arg_dict['dest_columns'] | map(attribute='name')) -%}
    {%- set meta = config.get('meta') -%}
    {%- set same_key = [] -%}
    {%- for column in arg_dict['unique_key'] or [] -%}
        {%- do same_key.append('kept.' ~ column ~ ' = coming.' ~ column) -%}
    {%- endfor -%}
    {%- if is_by_day() -%}
        delete from {{ target }}
        where {{ in_changed_days(meta['day_column'], meta.get('neighbour_days', 0)) }};
    {%- else -%}
        delete from {{ target }};
    {%- endif -%}
    {%- if is_by_day() and same_key -%}
        delete from {{ target }} as kept
        using {{ rows }} as coming
        where {{ same_key | join(' and ') }};
    {%- endif -%}
    insert into {{ target }} ({{ columns }})
    select {{ columns }} from {{ rows }};
{%- endmacro %}

{#-
    What a data test looks at: its `where`, and of a model whose meta says `tested_by_day` the changed days only. The other
    days passed when they were built, and a model that changed since is built, and tested, in full.
-#}
{% macro get_where_subquery(relation) -%}
    {%- set conditions = [config.get('where')] if config.get('where') else [] -%}
    {%- set tested = graph.nodes.get(model.attached_node) if execute else none -%}
    {%- set is_by_day = var('changed_days', none) is not none and not flags.FULL_REFRESH -%}
    {%- if is_by_day and tested and tested.config.meta.get('tested_by_day') -%}
        {%- do conditions.append(in_changed_days('day')) -%}
    {%- endif -%}
    {%- if conditions -%}
        (select * from {{ relation }} where {{ conditions | join(' and ') }}) as tested_rows
    {%- else -%}
        {{ relation }}
    {%- endif -%}
{%- endmacro %}
