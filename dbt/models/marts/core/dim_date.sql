with days as (

    select
        cast(
            unnest(
                generate_series(
                    date '{{ var('calendar_first_day') }}', date '{{ var('calendar_last_day') }}', interval 1 day
                )
            ) as date
        ) as date_day

),

final as (

    select
        -- key
        date_day,

        -- year and month
        year(date_day) as year,
        quarter(date_day) as quarter,
        month(date_day) as month,
        monthname(date_day) as month_name,
        cast(date_trunc('month', date_day) as date) as month_start_date,

        -- week
        isoyear(date_day) as iso_year,
        week(date_day) as iso_week,
        cast(date_trunc('week', date_day) as date) as week_start_date,

        -- day
        day(date_day) as day_of_month,
        isodow(date_day) as iso_day_of_week,
        dayname(date_day) as day_name,
        isodow(date_day) >= 6 as is_weekend

    from days

)

select * from final
