{#-
    Facts of event feeds are built by day. Each run catches up on exactly the days whose silver differs from what the model
    has absorbed. They are in the SQL as literals, so that DuckDB opens the files of those days only.
-#}

{#- Whether a model is rebuilt in full, as decided when the invocation started. Replaces dbt's own macro. -#}
{% macro should_full_refresh() -%}
    {%- set planned = planned_in_full(model.name) if execute else none -%}
    {%- do return(flags.FULL_REFRESH or planned is none or planned) -%}
{%- endmacro %}

{#- None where there is no plan: `dbt compile` or `dbt docs generate` in a warehouse that nothing was built in. -#}
{% macro planned_in_full(name) -%}
    {%- set tables = "select count(*) from duckdb_tables() where schema_name = 'meta' and table_name = 'plan'" -%}
    {%- if run_query(tables).columns[0].values() | first -%}
        {%- set query = "select is_full from meta.plan where model = '" ~ name ~ "'" -%}
        {%- do return(run_query(query).columns[0].values() | first) -%}
    {%- endif -%}
{%- endmacro %}

{#- ISO days, in order, whose silver the model has not absorbed: new, changed and removed days of any feed it reads. -#}
{% macro changed_days() -%}
    {%- if not execute -%}
        {%- do return([]) -%}
    {%- endif -%}
    {%- set query -%}
        with present as (
            select feed, day, version
            from meta.silver_state
            where
                day != ''
                and feed in (select parent from meta.edges where model = '{{ model.name }}' and kind = 'feed')
        ),
        kept as (
            select feed, day, version
            from meta.absorbed
            where day != '' and model = '{{ model.name }}'
        )
        select distinct day
        from present full join kept using (feed, day)
        where present.version is distinct from kept.version
        order by day
    {%- endset -%}
    {%- do return(run_query(query).columns[0].values() | list) -%}
{%- endmacro %}

{#- `<column> in (<changed days>)`, or `true` in a full build. `neighbours`: days to add on either side of each. -#}
{% macro in_changed_days(column, neighbours=0) -%}
    {%- set literals = day_literals(changed_days(), neighbours) -%}
    {%- if is_incremental() -%}
        {{ column ~ ' in (' ~ literals ~ ')' if literals else 'false' }}
    {%- else -%}
        true
    {%- endif -%}
{%- endmacro %}

{% macro day_literals(days, neighbours=0) -%}
    {%- set found = [] -%}
    {%- for day in days -%}
        {%- set noon = modules.datetime.datetime.strptime(day | string, '%Y-%m-%d') -%}
        {%- for offset in range(-neighbours, neighbours + 1) -%}
            {%- do found.append((noon + modules.datetime.timedelta(days=offset)).strftime("date '%Y-%m-%d'")) -%}
        {%- endfor -%}
    {%- endfor -%}
    {%- do return(found | unique | sort | join(', ')) -%}
{%- endmacro %}

{#- `<column> = <the newest day of a feed that has rows>`, so that only that day's file is opened. -#}
{% macro in_newest_day(feed, column='day') -%}
    {%- set newest = none -%}
    {%- if execute and planned_in_full(model.name) is not none -%}
        {%- set query -%}
            select max(day) from meta.silver_state where row_count > 0 and day != '' and feed = '{{ feed }}'
        {%- endset -%}
        {%- set newest = run_query(query).columns[0].values() | first -%}
    {%- endif -%}
    {{ column ~ " = date '" ~ newest ~ "'" if newest else 'true' }}
{%- endmacro %}

{#-
    Incremental strategy `changed_days`: deletes the changed days, whether they have new rows or not, and rows whose
    `unique_key` is among the new rows; then inserts the new rows. dbt runs it in one transaction.
    The model's meta names its `day_column`, and `neighbour_days` where the rows of a day depend on the days around it.
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
    delete from {{ target }}
    where {{ in_changed_days(meta['day_column'], meta.get('neighbour_days', 0)) }};
    {%- if same_key -%}
        delete from {{ target }} as kept
        using {{ rows }} as coming
        where {{ same_key | join(' and ') }};
    {%- endif -%}
    insert into {{ target }} ({{ columns }})
    select {{ columns }} from {{ rows }};
{%- endmacro %}
