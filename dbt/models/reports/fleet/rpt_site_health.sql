with periods as (

    select * from {{ ref('rpt_period') }}

),

heartbeats as (

    select
        {{ site_key(is_grouped=true) }} as site_key,
        round(min(heartbeat_age_hours), 6) as heartbeat_age_hours

    from {{ ref('rpt_tower_health') }}

    group by grouping sets ((site_id), ())

),

known as (

    -- Where no component is known at all, none has failed as far as anybody can tell.
    select count(*) > 0 as are_components_known from {{ ref('fct_component_reliability') }}

),

sites as (

    select
        operations.*,
        periods.period,
        uptime.uptime_pct,
        uptime.uptime_tone

    from {{ ref('rpt_operations') }} as operations
    cross join periods
    left join {{ ref('rpt_site_uptime') }} as uptime
        on operations.site_key = uptime.site_key and periods.period = uptime.period

),

judged as (

    select
        *,
        case
            when incidents_tone = 'bad' or uptime_tone = 'bad' then 'bad'
            when incidents_tone = 'warn' or silent_tone = 'warn' then 'warn'
            else 'good'
        end as tone,
        nullif(concat_ws(
            ', ',
            case when p1_incidents > 0 then p1_incidents || ' open P1' end,
            case when uptime_tone = 'bad' then 'uptime below {{ var('low_uptime_pct') }}%' end,
            case when p2_incidents > 0 then p2_incidents || ' open P2' end,
            case
                when silent_towers = 1 then '1 silent tower'
                when silent_towers > 1 then silent_towers || ' silent towers'
            end
        ), '') as needs_attention

    from sites

),

ranked as (

    select
        site_key,
        period,
        row_number() over (
            partition by period
            order by
                array_position(['bad', 'warn', 'good'], tone) asc,
                p1_incidents desc,
                uptime_tone = 'bad' desc nulls last,
                p2_incidents desc,
                silent_towers desc,
                uptime_pct asc nulls last,
                site_id asc
        ) as attention_rank

    from judged

    where site_id is not null

),

counted as (

    select
        period,
        count(*) filter (where tone != 'good') as sites_needing_attention

    from judged

    where site_id is not null

    group by period

),

final as (

    select
        -- keys
        judged.site_key,
        judged.site_id,
        judged.period,

        -- attention
        judged.tone,
        judged.needs_attention,
        ranked.attention_rank,
        case when judged.site_id is null then coalesce(counted.sites_needing_attention, 0) end
            as sites_needing_attention,

        -- health
        heartbeats.heartbeat_age_hours,
        case when known.are_components_known then failures.failures end as failures

    from judged
    cross join known
    left join ranked on judged.site_key = ranked.site_key and judged.period = ranked.period
    left join counted on judged.period = counted.period
    left join heartbeats on judged.site_key = heartbeats.site_key
    left join {{ ref('rpt_failures') }} as failures
        on judged.site_key = failures.site_key and judged.period = failures.period

)

select * from final
