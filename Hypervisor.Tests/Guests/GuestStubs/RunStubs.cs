using Hypervisor.Guests.Probe.Layout;
using Hypervisor.Tool.Stubs;
using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace Hypervisor.Guests.Stubs;

/// <summary>Into a snippet and back out of it.</summary>
internal static class RunStubs
{
    private const int RegisterSize = 8;

    private static readonly AssemblerRegister64[] s_kept = [rbx, rbp, rsi, rdi, r12, r13, r14, r15];

    /// <summary>
    /// Registers of <c>RunContext</c> with their number; RCX, which points to it, comes last, and RSP travels with the frame.
    /// </summary>
    private static readonly (AssemblerRegister64 Register, int Number)[] s_loaded =
    [
        (rax, 0), (rdx, 2), (rbx, 3), (rbp, 5), (rsi, 6), (rdi, 7), (r8, 8), (r9, 9), (r10, 10), (r11, 11), (r12, 12), (r13, 13),
        (r14, 14), (r15, 15), (rcx, 1),
    ];

    internal static void Write(StubWriter writer)
    {
        // void Run(RunContext*): IRET starts the snippet, so that all flags and any privilege are possible from its first instruction on.
        writer.Add("probe_Run", a =>
        {
            foreach (AssemblerRegister64 register in s_kept)
            {
                a.push(register);
            }

            a.mov(__qword_ptr[rcx + RunContextLayout.CallerRsp], rsp);
            a.push(__qword_ptr[rcx + RunContextLayout.Ss]);
            a.push(__qword_ptr[rcx + RunContextLayout.Rsp]);
            a.push(__qword_ptr[rcx + RunContextLayout.RFlags]);
            a.push(__qword_ptr[rcx + RunContextLayout.Cs]);
            a.push(__qword_ptr[rcx + RunContextLayout.Rip]);
            foreach ((AssemblerRegister64 register, int number) in s_loaded)
            {
                a.mov(register, __qword_ptr[rcx + (number * RegisterSize)]);
            }

            a.iretq();
        });

        // void Leave(RunContext*): from a handler back to the caller of Run.
        writer.Add("probe_Leave", a =>
        {
            a.mov(eax, ProbeSelectors.Data); // SS is null after an interrupt from privilege 3 (AMD APM vol 2 §8.9.3)
            a.mov(ss, eax);
            a.mov(rsp, __qword_ptr[rcx + RunContextLayout.CallerRsp]);
            a.push(2);
            a.popfq();
            for (int i = s_kept.Length - 1; i >= 0; i--)
            {
                a.pop(s_kept[i]);
            }

            a.ret();
        });
    }
}
