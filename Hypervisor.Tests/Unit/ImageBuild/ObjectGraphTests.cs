using System;
using System.Collections.Generic;
using Hypervisor.Tool.ImageBuild;
using Xunit;

namespace Hypervisor.Tests.Unit.ImageBuild;

/// <summary>Checks of the objects: each bad one is refused with the sentence that says so.</summary>
public class ObjectGraphTests
{
    private const string Root = "SvmExitEntry";
    private static readonly ImageRules s_rules = new() { Roots = [Root] };

    [Fact]
    public void A_call_by_relocation_is_followed()
    {
        ObjectBuilder builder = new();
        int code = builder.Section(".text", ObjectBuilder.CodeFlags, 0xE8, 0, 0, 0, 0, 0xC3, 0xC3);
        builder.Symbol(Root, code, 0).Symbol("RhpNewFast", code, 6).Relocation(code, 1, "RhpNewFast");
        Assert.Equal(
            ["exit path: allocation is reachable, SvmExitEntry -> RhpNewFast; nothing reachable from SvmExitEntry may need it"],
            ExitPath(builder.Read()));
    }

    [Fact]
    public void A_call_within_the_section_has_no_relocation_and_is_followed()
    {
        // 0: call 6; ret / 6: call 12; ret / 12: ret
        ObjectBuilder builder = new();
        int code = builder.Section(".text", ObjectBuilder.CodeFlags, 0xE8, 1, 0, 0, 0, 0xC3, 0xE8, 1, 0, 0, 0, 0xC3, 0xC3);
        builder.Symbol(Root, code, 0).Symbol("middle", code, 6).Symbol("RhNewObject", code, 12);
        Assert.Contains("SvmExitEntry -> middle -> RhNewObject", Assert.Single(ExitPath(builder.Read())), StringComparison.Ordinal);
    }

    [Fact]
    public void A_conditional_jump_and_an_address_within_the_section_are_followed()
    {
        // 0: jz 12 / 2: lea rax, [rip+4] (13); ret
        ObjectBuilder builder = new();
        int code = builder.Section(".text", ObjectBuilder.CodeFlags, 0x74, 10, 0x48, 0x8D, 0x05, 4, 0, 0, 0, 0xC3, 0xCC, 0xCC, 0xC3, 0xC3);
        builder.Symbol(Root, code, 0).Symbol("__chkstk", code, 12).Symbol("RhBox", code, 13);
        Assert.Equal(2, ExitPath(builder.Read()).Length);
    }

    [Fact]
    public void Falling_into_the_next_function_is_followed_but_not_past_a_return_or_a_call_at_the_end()
    {
        byte[][] bodies = [[0x90, 0x31, 0xC0], [0x31, 0xC0, 0xC3, 0x90, 0x90], [0xE8, 0, 0, 0, 0], [0x0F, 0x0B, 0xCC]];
        List<int> problems = [];
        foreach (byte[] body in bodies)
        {
            ObjectBuilder builder = new();
            int code = builder.Section(".text", ObjectBuilder.CodeFlags, [.. body, 0xC3]);
            builder.Symbol(Root, code, 0).Symbol("RhpNewFast", code, (uint)body.Length).Symbol("other", 1, 0);
            if (body[0] == 0xE8)
            {
                builder.Relocation(code, 1, "other");
            }

            problems.Add(ExitPath(builder.Read()).Length);
        }

        Assert.Equal([1, 0, 0, 0], problems);
    }

    [Fact]
    public void A_pointer_in_data_is_followed_by_symbol_and_by_section_with_addend()
    {
        foreach (string through in new[] { "table", ".rdata" })
        {
            ObjectBuilder builder = new();
            byte addend = through == ".rdata" ? (byte)8 : (byte)0;
            int code = builder.Section(".text", ObjectBuilder.CodeFlags, 0x48, 0x8D, 0x05, addend, 0, 0, 0, 0xC3, 0xC3);
            int data = builder.Section(".rdata", ObjectBuilder.ReadOnlyFlags, new byte[16]);
            builder.SectionSymbol(".rdata", data).Symbol(Root, code, 0).Symbol("RhpNewArrayFast", code, 8).Symbol("before", data, 0)
                .Symbol("table", data, 8).Relocation(code, 3, through).Relocation(data, 8, "RhpNewArrayFast", ObjectBuilder.Address64);
            Assert.Contains("SvmExitEntry -> table -> RhpNewArrayFast", Assert.Single(ExitPath(builder.Read())), StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData(new byte[] { 0xFF, 0x50, 0x20, 0xC3 }, true)] // call [rax+20h]
    [InlineData(new byte[] { 0x48, 0x8B, 0x40, 0x20, 0x48, 0xFF, 0xE0 }, true)] // mov rax, [rax+20h]; jmp rax
    [InlineData(new byte[] { 0xFF, 0x50, 0x18, 0xC3 }, false)] // another slot
    [InlineData(new byte[] { 0x48, 0x8B, 0x40, 0x20, 0x31, 0xC0, 0xFF, 0xD0 }, false)] // the register has changed in between
    [InlineData(new byte[] { 0xFF, 0x54, 0x24, 0x20, 0xC3 }, false)] // call [rsp+20h]
    public void A_virtual_call_reaches_that_slot_of_every_method_table_and_no_other(byte[] call, bool reaches)
    {
        ObjectBuilder builder = new();
        int code = builder.Section(".text", ObjectBuilder.CodeFlags, [.. call, 0xC3, 0xE8, 0, 0, 0, 0, 0xC3, 0xC3]);
        uint method = (uint)call.Length + 1;
        int data = builder.Section(".rdata", ObjectBuilder.ReadOnlyFlags, new byte[48]);
        builder.Symbol(Root, code, 0).Symbol("harmless", code, method - 1).Symbol("method", code, method)
            .Symbol("RhpNewFast", code, method + 6).Symbol("??_7hv_Some_Type@@6B@", data, 0).Relocation(code, method + 1, "RhpNewFast")
            .Relocation(data, 24, "harmless", ObjectBuilder.Address64).Relocation(data, 32, "method", ObjectBuilder.Address64);
        string[] problems = ExitPath(builder.Read());
        Assert.Equal(reaches ? 1 : 0, problems.Length);
        Assert.All(problems, p => Assert.Contains("SvmExitEntry -> method -> RhpNewFast", p, StringComparison.Ordinal));
    }

    [Fact]
    public void Naming_a_type_does_not_reach_its_methods()
    {
        ObjectBuilder builder = new();
        int code = builder.Section(".text", ObjectBuilder.CodeFlags, 0x48, 0x8D, 0x05, 0, 0, 0, 0, 0xC3, 0xC3);
        int data = builder.Section(".rdata", ObjectBuilder.ReadOnlyFlags, new byte[48]);
        builder.Symbol(Root, code, 0).Symbol("RhpNewFast", code, 8).Symbol("??_7hv_Some_Type@@6B@", data, 0)
            .Relocation(code, 3, "??_7hv_Some_Type@@6B@").Relocation(data, 32, "RhpNewFast", ObjectBuilder.Address64);
        Assert.Empty(ExitPath(builder.Read()));
    }

    [Theory]
    [InlineData("RhpNewFast", "allocation")]
    [InlineData("RhpNewPtrArrayFast", "allocation")]
    [InlineData("RhBox", "allocation")]
    [InlineData("hv_System_Runtime_CompilerServices_ClassConstructorRunner__CheckStaticClassConstruction", "a class constructor")]
    [InlineData("__GetGCStaticBase_hv_Some_Type", "a class constructor")]
    [InlineData("__GetNonGCStaticBase_hv_Some_Type", "a class constructor")]
    [InlineData("__GetThreadStaticBase_hv_Some_Type", "a thread static")]
    [InlineData("_tls_index", "a thread static")]
    [InlineData("RhpInitialDynamicInterfaceDispatch", "interface dispatch")]
    [InlineData("__InterfaceDispatchCell_hv_Some_Type", "interface dispatch")]
    [InlineData("RhpStackProbe", "a stack probe")]
    public void Each_thing_the_exit_path_must_not_need_is_named(string symbol, string what)
    {
        ObjectBuilder builder = new();
        int code = builder.Section(".text", ObjectBuilder.CodeFlags, 0xE9, 0, 0, 0, 0);
        builder.Symbol(Root, code, 0).Relocation(code, 1, symbol);
        string problem = Assert.Single(ExitPath(builder.Read()));
        Assert.StartsWith($"exit path: {what} is reachable, SvmExitEntry -> {symbol};", problem, StringComparison.Ordinal);
    }

    [Fact]
    public void Thread_local_data_is_known_by_its_section()
    {
        ObjectBuilder builder = new();
        int code = builder.Section(".text", ObjectBuilder.CodeFlags, 0xE9, 0, 0, 0, 0);
        int tls = builder.Section(".tls$", ObjectBuilder.WritableFlags, new byte[8]);
        builder.Symbol(Root, code, 0).Symbol("slot", tls, 0).Relocation(code, 1, "slot");
        Assert.Contains("a thread static", Assert.Single(ExitPath(builder.Read())), StringComparison.Ordinal);
    }

    [Fact]
    public void A_root_must_exist_unless_it_is_optional()
    {
        ObjectBuilder builder = new();
        int code = builder.Section(".text", ObjectBuilder.CodeFlags, 0xC3);
        builder.Symbol("HostFaultEntry", code, 0);
        Assert.Equal(["exit path: there is no symbol SvmExitEntry; the check must begin there"], ExitPath(builder.Read()));
        ImageRules optional = s_rules with { Roots = ["HostFaultEntry"], OptionalRoots = ["VmxExitEntry"] };
        Assert.Empty(ExitPathCheck.Run(ImageGraph.Build([builder.Read()], optional), optional));
    }

    [Fact]
    public void What_the_exit_path_does_not_reach_may_allocate()
    {
        ObjectBuilder builder = new();
        int code = builder.Section(".text", ObjectBuilder.CodeFlags, 0xC3, 0xE9, 0, 0, 0, 0, 0xC3);
        builder.Symbol(Root, code, 0).Symbol("EfiMain", code, 1).Symbol("RhpNewFast", code, 6).Relocation(code, 2, "RhpNewFast");
        Assert.Empty(ExitPath(builder.Read()));
    }

    [Theory]
    [InlineData(new byte[] { 0x0F, 0x57, 0xC0, 0xC3 }, "helper", "xorps xmm0,xmm0")]
    [InlineData(new byte[] { 0x0F, 0x11, 0x01, 0xC3 }, "helper", "movups [rcx],xmm0")]
    [InlineData(new byte[] { 0xD9, 0xC0, 0xC3, 0x90 }, "helper", "fld st(0)")]
    [InlineData(new byte[] { 0x0F, 0x57, 0xC0, 0xC3 }, "hv_Hypervisor_Core_Host_FailFast__Stop", null)]
    [InlineData(new byte[] { 0x48, 0x31, 0xC0, 0xC3 }, "helper", null)]
    public void Where_vector_registers_are_the_guests_none_is_used(byte[] body, string function, string? instruction)
    {
        ObjectBuilder builder = new();
        int code = builder.Section(".text", ObjectBuilder.CodeFlags, [0xE8, 1, 0, 0, 0, 0xC3, .. body]);
        builder.Symbol(Root, code, 0).Symbol(function, code, 6);
        ImageRules rules = s_rules with { UnsavedRoots = [Root, "SvmCpuidEntry"] };
        string[] expected = instruction == null
            ? []
            : [$"vector registers: SvmExitEntry -> {function}+0h is {instruction}; "
                + "nothing reachable from SvmExitEntry may use XMM, MMX or x87, they are the guest's"];
        Assert.Equal(expected, GuestVectorCheck.Run(ImageGraph.Build([builder.Read()], rules), rules));
    }

    [Fact]
    public void An_undefined_symbol_is_refused_with_its_user_and_one_that_another_object_defines_is_not()
    {
        ObjectBuilder user = new();
        int code = user.Section(".text", ObjectBuilder.CodeFlags, 0xE9, 0, 0, 0, 0);
        user.Symbol("caller", code, 0).Relocation(code, 1, "missing");
        Assert.Equal(
            ["symbol missing of test.obj is not defined in any object (by caller); none may be undefined"],
            SymbolCheck.Run(ImageGraph.Build([user.Read()], s_rules)));

        ObjectBuilder owner = new();
        owner.Symbol("missing", owner.Section(".text", ObjectBuilder.CodeFlags, 0xC3), 0);
        Assert.Empty(SymbolCheck.Run(ImageGraph.Build([user.Read(), owner.Read()], s_rules)));
    }

    [Theory]
    [InlineData("hv_Internal_Runtime_RuntimeContract__GcPoll", true, 0)]
    [InlineData("hv_Hypervisor_Core_Somewhere__GcPoll", true, 1)]
    [InlineData("hv_Hypervisor_Core_Somewhere__GcPoll", false, 0)]
    public void A_helper_that_is_used_must_be_in_the_contract(string definedAs, bool isUsed, int problems)
    {
        ObjectBuilder builder = new();
        int code = builder.Section(".text", ObjectBuilder.CodeFlags, isUsed ? (byte)0xE8 : (byte)0xB8, 1, 0, 0, 0, 0xC3, 0xC3);
        builder.Symbol("caller", code, 0).Symbol(definedAs, code, 6).Symbol("RhpGcPoll", code, 6);
        string[] found = [.. SymbolCheck.Run(ImageGraph.Build([builder.Read()], s_rules))];
        Assert.Equal(problems, found.Length);
        const string sentence = "runtime helper RhpGcPoll is used (by caller); allowed are only";
        Assert.All(found, f => Assert.StartsWith(sentence, f, StringComparison.Ordinal));
    }

    [Fact]
    public void Of_equal_comdats_the_first_is_taken()
    {
        ObjectBuilder first = new();
        first.Symbol("shared", first.Section(".text", ObjectBuilder.CodeFlags | 0x1000, 0xC3), 0);
        ObjectBuilder second = new();
        second.Symbol("shared", second.Section(".text", ObjectBuilder.CodeFlags | 0x1000, 0x90, 0xC3), 0);
        ImageNode? node = ImageGraph.Build([first.Read(), second.Read()], s_rules).Find("shared");
        Assert.Equal(1u, node?.End);
    }

    private static string[] ExitPath(CoffFile file) => [.. ExitPathCheck.Run(ImageGraph.Build([file], s_rules), s_rules)];
}
