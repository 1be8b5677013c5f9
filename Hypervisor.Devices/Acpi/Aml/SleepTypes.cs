using System.Diagnostics.CodeAnalysis;

namespace Hypervisor.Devices.Acpi.Aml;

/// <summary>What the tables say about the sleep states S0 to S5.</summary>
public struct SleepTypes
{
    /// <summary>Number of states.</summary>
    public const int States = 6;

    private SleepCandidates _s0;
    private SleepCandidates _s1;
    private SleepCandidates _s2;
    private SleepCandidates _s3;
    private SleepCandidates _s4;
    private SleepCandidates _s5;

    /// <summary>What is known of a state.</summary>
    /// <param name="state">0 to 5.</param>
    public readonly SleepCandidates this[int state] => state switch
    {
        0 => _s0,
        1 => _s1,
        2 => _s2,
        3 => _s3,
        4 => _s4,
        _ => _s5,
    };

    /// <summary>The same, to be changed.</summary>
    [UnscopedRef]
    internal ref SleepCandidates At(int state)
    {
        switch (state)
        {
            case 0:
                return ref _s0;
            case 1:
                return ref _s1;
            case 2:
                return ref _s2;
            case 3:
                return ref _s3;
            case 4:
                return ref _s4;
            default:
                return ref _s5;
        }
    }
}
