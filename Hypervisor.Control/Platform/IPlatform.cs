using System;
using Hypervisor.Control.Boot;
using Hypervisor.Control.Calls;
using Hypervisor.Uefi.Protocols;

namespace Hypervisor.Control.Platform;

/// <summary>What differs between the UEFI Shell and Linux. Static members of a type argument: each program carries the code of one.</summary>
internal unsafe interface IPlatform
{
    /// <summary>Attributes that a variable of hv gets: where it can be done, an operating system cannot read it.</summary>
    static abstract EfiVariableAttributes PrivateVariable { get; }

    /// <summary>Whether something other than the hypercall says that the hypervisor is there.</summary>
    static abstract bool KnowsOfHypervisor { get; }

    /// <summary>Whether the user wants the program to end.</summary>
    static abstract bool IsInterrupted { get; }

    /// <summary>Ticks of the time-stamp counter in a second, measured.</summary>
    static abstract ulong TicksPerSecond { get; }

    /// <summary>Writes to the standard output.</summary>
    static abstract void Write(ReadOnlySpan<byte> text);

    /// <summary>Writes to where errors go.</summary>
    static abstract void WriteError(ReadOnlySpan<byte> text);

    /// <summary>Sees to it that the calls that follow are made on one processor.</summary>
    static abstract void StayOnProcessor();

    /// <summary>Executes VMCALL or VMMCALL.</summary>
    /// <returns>False when the instruction was undefined.</returns>
    static abstract bool Call(CallRegisters* registers, bool vmcall);

    /// <summary>Waits.</summary>
    static abstract void Wait(uint milliseconds);

    /// <summary>The value of an environment variable; empty where it is not set.</summary>
    static abstract ReadOnlySpan<byte> Environment(ReadOnlySpan<byte> name);

    /// <summary>Reads a file.</summary>
    /// <returns>Its length, or -1 when it cannot be read or does not fit.</returns>
    static abstract int ReadFile(ReadOnlySpan<byte> path, Span<byte> buffer);

    /// <summary>Reads a firmware variable.</summary>
    static abstract VariableOutcome ReadVariable(ReadOnlySpan<byte> name, EfiGuid vendor, Span<byte> buffer, out int length);

    /// <summary>Writes a firmware variable.</summary>
    static abstract VariableOutcome WriteVariable(ReadOnlySpan<byte> name, EfiGuid vendor, EfiVariableAttributes attributes, ReadOnlySpan<byte> data);

    /// <summary>Deletes a firmware variable.</summary>
    static abstract VariableOutcome DeleteVariable(ReadOnlySpan<byte> name, EfiGuid vendor);

    /// <summary>Finds the device path of the image to install, from the arguments.</summary>
    /// <param name="path">Where the path goes, its end node included.</param>
    /// <param name="length">Its length.</param>
    /// <returns>How it went; what went wrong has been said.</returns>
    static abstract ExitStatus FindImage(Span<byte> path, out int length);

    /// <summary>The table of records that has been published for the host; empty where there is none.</summary>
    static abstract ReadOnlySpan<byte> PublishedRecords { get; }

    /// <summary>Publishes a table of records.</summary>
    /// <returns>False where that cannot be done.</returns>
    static abstract bool PublishRecords(ReadOnlySpan<byte> table);
}
