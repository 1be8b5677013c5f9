using System;
using Hypervisor.Core.Cpu;
using Hypervisor.Core.Diagnostics;
using Hypervisor.Core.Host;

namespace Hypervisor.Core.Mediation;

/// <summary>
/// Calls that may fail: a check that does not hold, or an exception of the processor, ends the call and nothing else (M5). The stack is cut back to where the call
/// began; nothing on it needs to be undone, because what a call holds is held by its caller.
/// </summary>
public static unsafe class Containment
{
    /// <summary>Calls <paramref name="function"/>.</summary>
    /// <param name="processor">The executing processor.</param>
    /// <param name="function">What is called.</param>
    /// <param name="argument">Its argument.</param>
    /// <returns>False when it failed.</returns>
    public static bool Call(ProcessorData* processor, delegate*<void*, void> function, void* argument) =>
        Instructions.CallContained(function, argument, &processor->Containment) == 0;

    /// <summary>
    /// In the host's exception handler: ends the contained call that runs on this processor, if there is one. It does not return then.
    /// </summary>
    /// <param name="processor">The processor.</param>
    /// <param name="vector">The exception.</param>
    /// <param name="rip">Where it happened.</param>
    public static void EndCall(ProcessorData* processor, byte vector, ulong rip)
    {
        // What the processor cannot go on from is not the callee's doing.
        if (processor->Containment == 0 || vector is ExceptionVector.Nmi or ExceptionVector.DoubleFault or ExceptionVector.MachineCheck)
        {
            return;
        }

        processor->ContainedRip = rip;
        processor->ContainedVector = vector;
        Instructions.EndContained(processor->Containment);
    }

    /// <summary>Adds to a line of the log why the last contained call of a processor failed, and where.</summary>
    internal static LogLine Explain(LogLine line, ProcessorData* processor)
    {
        MachineData* machine = processor->Machine;
        line = FailFast.Reason.Length != 0 ? line.Text(FailFast.Reason) : line.Text("exception "u8).Decimal(processor->ContainedVector);
        FailFast.Forget();
        ulong offset = processor->ContainedRip - machine->ImageBase;
        line = line.Text(" at image+"u8).Hex(offset);
        ReadOnlySpan<byte> name = offset < machine->ImageSize
            ? SymbolTable.Find(machine->Symbols, machine->SymbolsSize, (uint)offset, out uint distance)
            : Nothing(out distance);
        return name.Length == 0 ? line : line.Text(" "u8).Text(name).Text("+"u8).Hex(distance);
    }

    private static ReadOnlySpan<byte> Nothing(out uint distance)
    {
        distance = 0;
        return default;
    }
}
