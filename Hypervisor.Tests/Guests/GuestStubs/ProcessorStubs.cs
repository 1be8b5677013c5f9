using Hypervisor.Tool.Stubs;
using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace Hypervisor.Guests.Stubs;

/// <summary>Instructions that only the probe needs; arguments in RCX, RDX, R8, R9.</summary>
internal static class ProcessorStubs
{
    internal static void Write(StubWriter writer)
    {
        AssemblerRegisterDR[] addresses = [dr0, dr1, dr2, dr3];
        for (int i = 0; i < addresses.Length; i++)
        {
            AssemblerRegisterDR register = addresses[i];
            writer.Add($"probe_WriteDr{i}", a => { a.mov(register, rcx); a.ret(); });
        }

        writer.Add("probe_WriteDr6", a => { a.mov(dr6, rcx); a.ret(); });
        writer.Add("probe_WriteDr7", a => { a.mov(dr7, rcx); a.ret(); });
        writer.Add("probe_WriteCr3", a => { a.mov(cr3, rcx); a.ret(); });
        writer.Add("probe_EnableInterrupts", a => { a.sti(); a.ret(); });
        writer.Add("probe_LoadTask", a => { a.ltr(cx); a.ret(); });

        // void LoadTables(gdtr, idtr, code selector, data selector): FS and GS stay as they are.
        writer.Add("probe_LoadTables", a =>
        {
            Label reloaded = a.CreateLabel();
            a.lgdt(__[rcx]);
            a.lidt(__[rdx]);
            a.push(r8);
            a.lea(rax, __[reloaded]);
            a.push(rax);
            a.db(0x48, 0xCB); // retfq
            a.Label(ref reloaded);
            a.mov(ss, r9d);
            a.mov(ds, r9d);
            a.mov(es, r9d);
            a.ret();
        });
    }
}
