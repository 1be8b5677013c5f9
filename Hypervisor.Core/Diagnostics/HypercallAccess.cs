using Hypervisor.Core.Cpu;
using Hypervisor.Core.Host;

namespace Hypervisor.Core.Diagnostics;

/// <summary>Who may ask: calls that carry a code made with the secret, fresh for the processor they are made on.</summary>
public static unsafe class HypercallAccess
{
    /// <summary>Wrong codes until the log speaks of them; then it does so each time their number has doubled.</summary>
    public const uint TriesWithoutNotice = 8;

    /// <summary>Answers a challenge.</summary>
    /// <returns>False when the caller has not shown that it knows the secret.</returns>
    public static bool Challenge(ProcessorData* processor)
    {
        GuestRegisters* registers = &processor->Registers;
        MachineData* machine = processor->Machine;
        machine->Key.Authenticate(HypercallFunction.Challenge, 0, 0, 0, out ulong low, out ulong high);
        if (((low ^ registers->Rdx) | (high ^ registers->R8)) != 0)
        {
            return Refuse(processor);
        }

        registers->Rax = HypercallProtocol.ChallengeAnswer;
        registers->Rdx = processor->HypercallNumber;
        return true;
    }

    /// <summary>Whether the code of a call is right. If it is, it is used up.</summary>
    public static bool IsAuthentic(ProcessorData* processor)
    {
        GuestRegisters* registers = &processor->Registers;
        processor->Machine->Key.Authenticate(
            (HypercallFunction)registers->Rcx, registers->Rdx, registers->R8, processor->HypercallNumber, out ulong low, out ulong high);
        if (((low ^ registers->R9) | (high ^ registers->R10)) != 0)
        {
            return Refuse(processor);
        }

        processor->HypercallNumber++;
        return true;
    }

    /// <summary>Counts a wrong code; an honest caller has one when another has used up its number. The caller learns nothing, and the owner is never shut out: 128 bits are not found by trying.</summary>
    private static bool Refuse(ProcessorData* processor)
    {
        uint wrong = Instructions.ExchangeAdd(&processor->Machine->RefusedCalls, 1) + 1;
        if (wrong >= TriesWithoutNotice && (wrong & (wrong - 1)) == 0)
        {
            Log.Begin(LogLevel.Warning, processor->Index).Decimal(wrong).Text(" hypercalls with a wrong code so far: another secret, a replay, or two callers at once"u8).End();
        }

        return false;
    }
}
