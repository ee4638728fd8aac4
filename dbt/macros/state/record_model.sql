{#- Records what the model was built from, in the transaction that wrote its rows: the post-hook of every model. -#}
{% macro record_model() -%}
    {%- if execute -%}
        {%- set name, is_table = model.name, model.config.materialized != 'view' -%}
        {%- set statements -%}
            {{ absorb_silver(name) }}
            delete from meta.parents where model = '{{ name }}';
            insert into meta.parents
            select edges.model, edges.parent, models.version
            from meta.edges inner join meta.models on edges.parent = models.model
            where edges.model = '{{ name }}' and edges.kind = 'table';
            delete from meta.models where model = '{{ name }}';
            insert into meta.models
            select
                plan.model,
                plan.code,
                {% if model.config.meta.get('versioned_by_content') -%}
                    sha256((select string_agg(cast(kept as varchar), '|' order by kept) from {{ this }} as kept)),
                {%- else -%}
                    sha256(concat_ws(
                        '|',
                        plan.code,
                        (
                            select string_agg(feed || day || version, '|' order by feed, day)
                            from meta.absorbed
                            where model = plan.model
                        ),
                        (select string_agg(parent || version, '|' order by parent) from meta.parents where model = plan.model)
                    )),
                {%- endif %}
                '{{ invocation_id }}',
                {{ '(select count(*) from ' ~ this ~ ')' if is_table else 'null' }}
            from meta.plan
            where plan.model = '{{ name }}'
            returning code, version, row_count;
        {%- endset -%}
        {%- set code, version, row_count = run_query(statements).rows[0] -%}
        {%- set rows = row_count | int if row_count is not none else none -%}
        {%- do log('sentinel built ' ~ tojson({'node': model.unique_id, 'code': code, 'version': version, 'rows': rows})) -%}
    {%- endif -%}
{%- endmacro %}

{#- Records the versions of silver that the model's rows come from: the current ones, as it has just caught up. -#}
{% macro absorb_silver(name) -%}
    delete from meta.absorbed
    where
        model = '{{ name }}'
        and (
            (select is_full from meta.plan where plan.model = '{{ name }}')
            or (feed, day, version) not in (select (feed, day, version) from meta.silver_state)
        );
    insert into meta.absorbed
    select '{{ name }}', found.feed, found.day, found.version, (select number from meta.invocation)
    from meta.silver_state as found
    where
        found.feed in (select parent from meta.edges where model = '{{ name }}' and kind = 'feed')
        and not exists (
            select 1 from meta.absorbed as kept
            where kept.model = '{{ name }}' and kept.feed = found.feed and kept.day = found.day
        );
{%- endmacro %}
