namespace Hypervisor.Core.Diagnostics;

/// <summary>What a mediator is doing.</summary>
public enum MediatorReportState : ulong
{
    /// <summary>It was not selected.</summary>
    Off = 0,

    /// <summary>It stands in its doorways.</summary>
    Armed = 1,

    /// <summary>Selected, but its device is not there.</summary>
    Absent = 2,

    /// <summary>After a defect: its device is passed through.</summary>
    PassedThrough = 3,

    /// <summary>After a defect: its device is shut off.</summary>
    Fenced = 4,

    /// <summary>Number of states.</summary>
    Last,
}
