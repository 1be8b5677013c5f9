using System;

namespace Hypervisor.Core.Mediation;

/// <summary>What became of an option: taken, or why not.</summary>
public readonly ref struct OptionResult
{
    private OptionResult(ReadOnlySpan<byte> problem, ReadOnlySpan<byte> accepted)
    {
        Problem = problem;
        Accepted = accepted;
    }

    /// <summary>What is wrong; empty when nothing is.</summary>
    public ReadOnlySpan<byte> Problem { get; }

    /// <summary>What would be accepted.</summary>
    public ReadOnlySpan<byte> Accepted { get; }

    /// <summary>Whether it was taken.</summary>
    public bool IsTaken => Problem.Length == 0;

    /// <summary>It was taken.</summary>
    public static OptionResult Taken => default;

    /// <summary>There is no mediator of that name.</summary>
    /// <param name="names">Those there are.</param>
    public static OptionResult NoMediator(ReadOnlySpan<byte> names) => new("unknown mediator"u8, names.Length == 0 ? "none: this image has no mediators"u8 : names);

    /// <summary>There is no option of that name.</summary>
    /// <param name="names">Those there are, such as <c>sleep, dmar</c>.</param>
    public static OptionResult Unknown(ReadOnlySpan<byte> names) => new("unknown option of the mediator"u8, names.Length == 0 ? "none: it has no options"u8 : names);

    /// <summary>The value is not one of those the option takes.</summary>
    /// <param name="accepted">What it takes, such as <c>allow or deny</c>, <c>1 to 255</c>.</param>
    public static OptionResult Refused(ReadOnlySpan<byte> accepted) => new("value not accepted"u8, accepted);

    /// <summary>Something else is wrong.</summary>
    /// <param name="problem">What.</param>
    /// <param name="accepted">What would be accepted.</param>
    public static OptionResult Wrong(ReadOnlySpan<byte> problem, ReadOnlySpan<byte> accepted) => new(problem, accepted);
}
