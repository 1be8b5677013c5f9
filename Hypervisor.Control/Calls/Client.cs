using System;
using Hypervisor.Control.Platform;
using Hypervisor.Core.Cpu;
using Hypervisor.Core.Diagnostics;

namespace Hypervisor.Control.Calls;

/// <summary>The caller's side of <see cref="HypercallProtocol"/>.</summary>
internal static unsafe class Client<TPlatform>
    where TPlatform : struct, IPlatform
{
    private const int Attempts = 4;

    /// <summary>"Genu", the first word of Intel's vendor string (Intel SDM vol 2, CPUID).</summary>
    private const uint IntelVendor = 0x756E_6547;

    /// <summary>Finds the secret and shows it to the hypervisor.</summary>
    /// <returns>How it went; what went wrong has been said.</returns>
    public static ExitStatus Connect()
    {
        ExitStatus status = SecretSource<TPlatform>.Read(out HypercallKey key);
        Session.Key = key;
        key.Wipe();
        if (status != ExitStatus.Success)
        {
            return status;
        }

        TPlatform.StayOnProcessor();
        if (Challenge())
        {
            return ExitStatus.Success;
        }

        // Silence is all that a hypervisor has for those who do not know its secret; only other signs tell that it is there.
        if (TPlatform.KnowsOfHypervisor || AskOpenly(HypercallFunction.Processors, 0, 0, out _))
        {
            Complaint<TPlatform>.Say("the hypervisor does not accept the secret"u8);
            return ExitStatus.NotAccepted;
        }

        Complaint<TPlatform>.Say("no hypervisor answers: there is none, or it has another secret or none"u8);
        return ExitStatus.NoAnswer;
    }

    /// <summary>Makes an authenticated call.</summary>
    /// <returns>False when it was not answered.</returns>
    public static bool Ask(HypercallFunction function, ulong first, ulong second, out CallRegisters answer)
    {
        // Somebody else on the same processor may have used up the number meanwhile.
        for (int i = 0; i < Attempts; i++)
        {
            answer = Prepare(function, first, second);
            Session.Key.Authenticate(function, first, second, Session.Number, out answer.R9, out answer.R10);
            if (Execute(ref answer))
            {
                Session.Number++;
                return true;
            }

            if (!Challenge())
            {
                break;
            }
        }

        answer = default;
        return false;
    }

    /// <summary>Makes a call that needs no secret.</summary>
    /// <returns>False when it was not answered.</returns>
    public static bool AskOpenly(HypercallFunction function, ulong first, ulong second, out CallRegisters answer)
    {
        answer = Prepare(function, first, second);

        // Other hypervisors answer calls too, with an error number.
        return Execute(ref answer) && (long)answer.Rax >= 0;
    }

    private static bool Challenge()
    {
        CallRegisters registers = Prepare(HypercallFunction.Challenge, 0, 0);
        Session.Key.Authenticate(HypercallFunction.Challenge, 0, 0, 0, out registers.Rdx, out registers.R8);
        if (!Execute(ref registers) || registers.Rax != HypercallProtocol.ChallengeAnswer)
        {
            return false;
        }

        Session.Number = registers.Rdx;
        return true;
    }

    private static CallRegisters Prepare(HypercallFunction function, ulong first, ulong second) =>
        new() { Rax = HypercallProtocol.Signature, Rcx = (ulong)function, Rdx = first, R8 = second };

    private static bool Execute(ref CallRegisters registers)
    {
        CallRegisters copy = registers;
        CpuidResult vendor;
        Instructions.Cpuid(0, 0, &vendor);
        bool isIntel = vendor.Ebx == IntelVendor;

        // There are other makers of processors with VMX.
        bool done = TPlatform.Call(&copy, isIntel) || TPlatform.Call(&copy, !isIntel);
        registers = done ? copy : registers;
        return done;
    }
}
